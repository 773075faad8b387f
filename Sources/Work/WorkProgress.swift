/// Reports the progress of work, in units that the work chooses; throws if the user wants to stop.
public typealias WorkProgress = @Sendable (_ detail: String, _ done: Int, _ total: Int) throws -> Void

/// Reports the number of bytes done; an error that it throws stops the work.
public typealias ByteProgress = @Sendable (_ bytesDone: Int, _ bytesTotal: Int) throws -> Void
