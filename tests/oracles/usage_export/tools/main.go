// Package main gives the module something to build, so that Go takes it as a module of its own.
package main

func main() {}
