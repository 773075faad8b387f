/// This program's version. It is stored with every number and every build.
public enum Edgepipe {
    /// The version of the program, as records store it.
    public static let version = "0.1.0"
}
