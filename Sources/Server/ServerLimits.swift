import Hummingbird
import HummingbirdTLS

/// Bounds of what a client may ask for.
public enum ServerLimits {
    /// The longest request line, in bytes.
    public static let requestLineBytes = 8 << 10
}
