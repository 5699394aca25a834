"""What a GPU looks like to a pod: whole, as MIG slices, or shared by time-slicing or MPS."""
