/// Told how far some work is; throws when the user wants to stop.
public typealias WorkProgress = @Sendable (_ detail: String, _ done: Int, _ total: Int) throws -> Void
