//! Text that an operating system hands out, parsed without `cfg`, so that every machine tests it.
