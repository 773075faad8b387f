import NIOCore
import Synchronization

/// Counts the open connections, in total and by address.
final class ConnectionCounter: Sendable {
    private struct State {
        var total = 0
        var byAddress: [String: Int] = [:]
    }

    private let limits: ServerLimits
    private let state = Mutex(State())

    init(_ limits: ServerLimits) { self.limits = limits }

    /// Counts a connection.
    /// - Returns: false if there are too many already; the connection is not counted then.
    func enter(_ address: String) -> Bool {
        state.withLock { state in
            guard state.total < limits.connections else { return false }
            if let most = limits.connectionsPerAddress, state.byAddress[address, default: 0] >= most { return false }
            state.total += 1
            state.byAddress[address, default: 0] += 1
            return true
        }
    }

    func leave(_ address: String) {
        state.withLock { state in
            state.total -= 1
            guard let count = state.byAddress[address] else { return }
            state.byAddress[address] = count > 1 ? count - 1 : nil
        }
    }
}
