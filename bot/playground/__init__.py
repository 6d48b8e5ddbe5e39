"""The playground: four phones of a sample community on one web page, as a platform behind the same core as any other."""
