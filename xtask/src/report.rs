//! Values to text and JSON; never decides, never prints.
