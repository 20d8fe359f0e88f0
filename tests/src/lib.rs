//! VM scenarios against the real image.
