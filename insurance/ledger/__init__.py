"""No yuan aided twice: residuals, promises and payments, kept by the database."""
