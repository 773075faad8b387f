/// The operations of the command line, one function per command. The commands themselves add only options and text.
public enum Operations {}
