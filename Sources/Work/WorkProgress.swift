/// Told how far some work is, in units that the work chooses; throws when the user wants to stop.
public typealias WorkProgress = @Sendable (_ detail: String, _ done: Int, _ total: Int) throws -> Void

/// Told how many bytes are done; throwing from it stops the work.
public typealias ByteProgress = @Sendable (_ bytesDone: Int, _ bytesTotal: Int) throws -> Void
