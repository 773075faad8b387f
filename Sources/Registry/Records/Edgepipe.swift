/// This program's version. It is stored with every number and every build.
public enum Edgepipe {
    /// Of the program, as records keep it.
    public static let version = "0.1.0"
}
