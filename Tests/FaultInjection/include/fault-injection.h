// The library takes the place of the C library's functions where it is preloaded; the tests call nothing by name.

/// The path that is opened where a process asks for `path`.
const char *sglorad_opened_path(const char *path);
