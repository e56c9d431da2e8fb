"""From a page of YAML to checked sections, and from sections to a tokenizer, data and a model."""
