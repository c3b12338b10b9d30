"""Reports of what sessions cost, in their forms: terminal, files, pages."""
