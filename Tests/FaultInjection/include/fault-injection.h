// Nothing is called by name: the library takes the place of the C library's functions where it is preloaded.
