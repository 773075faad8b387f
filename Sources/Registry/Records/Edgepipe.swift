/// This program's version. It is stored with every number and every build.
public enum Edgepipe {
    public static let version = "0.1.0"
}
