"""What a layer or a model costs as its text grows: every length in a process of its own."""
