"""Whether it adds up: Tesla's days against bills and sessions, and marks for whoever audits. Pure; prices nothing."""
