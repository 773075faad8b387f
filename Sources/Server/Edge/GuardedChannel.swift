import HummingbirdCore
import Logging
import NIOCore

/// An HTTP/1.1 connection behind a `ConnectionGuard`.
struct GuardedChannel: ServerChildChannel {
    typealias Value = HTTP1Channel.Value

    let base: HTTP1Channel
    let limits: ServerLimits
    let counter: ConnectionCounter

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let address = channel.remoteAddress?.ipAddress ?? "local"
        let isCounted = counter.enter(address)
        if isCounted { channel.closeFuture.whenComplete { [counter] _ in counter.leave(address) } }
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(ConnectionGuard(limits, isRefused: !isCounted))
        }.flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: Value, logger: Logger) async { await base.handle(value: value, logger: logger) }

    /// Makes the connections of an application.
    static func builder(_ limits: ServerLimits) -> HTTPServerBuilder {
        let counter = ConnectionCounter(limits)
        return HTTPServerBuilder { responder in
            // The guard has checked the sizes; the parser's own limits must not apply first.
            let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
                maxHeaderFieldSize: limits.headerBytes + limits.requestLineBytes,
                maxHeaderListSize: limits.headerBytes + limits.requestLineBytes,
                maxHeaderFieldCount: limits.headerCount + 1
            )
            let base = HTTP1Channel(
                responder: responder,
                configuration: HTTP1Channel.Configuration(
                    idleTimeout: .seconds(Int64(limits.idleSeconds)),
                    httpDecoderConfiguration: decoder
                )
            )
            return GuardedChannel(base: base, limits: limits, counter: counter)
        }
    }
}
