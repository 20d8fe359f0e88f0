//! The one `config.yaml`: raw, checked, merged, explained. No effects.
