/// What the commands of the command line do, one function a command; a command adds options and text only.
public enum Operations {}
