"""The v2.0 face: turns the fleet into the answers of Smartcar's API reference, §4, §5 and §7."""
