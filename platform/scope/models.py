"""No models: the module is here so that post_migrate reaches this app (it stores the scope key)."""
