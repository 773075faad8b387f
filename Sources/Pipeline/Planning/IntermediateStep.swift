/// A step whose files only serve another step: once that step has run, they are not needed.
package protocol IntermediateStep: Step {}
