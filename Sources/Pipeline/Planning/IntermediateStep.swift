/// A step whose files are there for another step alone: once that has run, nobody needs them.
package protocol IntermediateStep: Step {}
