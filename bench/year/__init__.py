"""A year of many communities in accelerated time, through the real handlers and ticks, looked at after every day."""
