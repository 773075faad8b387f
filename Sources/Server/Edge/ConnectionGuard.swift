import NIOCore

/// Filters a connection before the HTTP parser: rejects ambiguous heads, and closes the connections of clients that are
/// too slow, too many, or done.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Closes a connection once the answer is sent; the rest of the request is discarded.
    struct Finish: Sendable {}

    /// How long a client may still read its answer after the server stops reading.
    private static let lingering = TimeAmount.seconds(2)
    private static let checks = TimeAmount.seconds(5)

    private let limits: ServerLimits
    private let isRefused: Bool
    private var scanner: HeadScanner
    /// Whether further input is discarded.
    private var isDeaf = false
    private var headTimer: Scheduled<Void>?
    private var stallTimer: Scheduled<Void>?
    private var writtenBytes = 0
    private var sentBytes = 0
    private var lastProgress = NIODeadline.now()

    /// - Parameter isRefused: whether there are too many connections already.
    init(_ limits: ServerLimits, isRefused: Bool) {
        (self.limits, self.isRefused) = (limits, isRefused)
        scanner = HeadScanner(limits)
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        if isRefused { refuse(.init(status: 503, words: "there are too many connections; try again later"), context) }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if isRefused, context.channel.isActive {
            refuse(.init(status: 503, words: "there are too many connections; try again later"), context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        headTimer?.cancel()
        stallTimer?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        headTimer?.cancel()
        stallTimer?.cancel()
        context.fireChannelInactive()
    }

    // MARK: Input

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDeaf else { return }
        do {
            try scanner.take(unwrapInboundIn(data)) { context.fireChannelRead(wrapInboundOut($0)) }
        } catch let refusal as HeadScanner.Refusal {
            return refuse(refusal, context)
        } catch {
            return refuse(.init(status: 400, words: "the request is not one"), context)
        }
        if scanner.isInHead {
            if headTimer == nil { startHeadTimer(context) }
        } else {
            headTimer?.cancel()
            headTimer = nil
        }
    }

    private func startHeadTimer(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        headTimer = context.eventLoop.scheduleTask(in: .seconds(Int64(limits.headSeconds))) {
            let (own, context) = bound.value
            own.refuse(
                .init(status: 408, words: "the head of the request took over \(own.limits.headSeconds) seconds"),
                context
            )
        }
    }

    // MARK: Output

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if writtenBytes == sentBytes { lastProgress = .now() }
        writtenBytes += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
        if stallTimer == nil { watch(context) }
    }

    /// Checks every few seconds that the client has read something, while there is something to read.
    private func watch(_ context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        stallTimer = context.eventLoop.scheduleTask(in: Self.checks) {
            let (own, context) = bound.value
            own.stallTimer = nil
            guard context.channel.isActive else { return }
            let waiting = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
            guard waiting > 0 else {
                own.sentBytes = own.writtenBytes
                return
            }
            let sent = own.writtenBytes - waiting
            if sent != own.sentBytes { (own.sentBytes, own.lastProgress) = (sent, .now()) }
            if NIODeadline.now() - own.lastProgress >= .seconds(Int64(own.limits.stallSeconds)) {
                context.close(promise: nil)
            } else {
                own.watch(context)
            }
        }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is Finish else { return context.triggerUserOutboundEvent(event, promise: promise) }
        finish(context)
        promise?.succeed(())
    }

    // MARK: Closing

    private func refuse(_ refusal: HeadScanner.Refusal, _ context: ChannelHandlerContext) {
        guard !isDeaf else { return }
        let reasons = [
            400: "Bad Request", 408: "Request Timeout", 414: "URI Too Long", 431: "Request Header Fields Too Large",
            503: "Service Unavailable",
        ]
        let body =
            #"{"error":{"code":"\#(refusal.status == 503 ? "busy" : "badRequest")","message":"\#(refusal.words)."}}"#
        let head = """
            HTTP/1.1 \(refusal.status) \(reasons[refusal.status] ?? "Refused")\r
            Content-Type: application/json\r
            Content-Length: \(body.utf8.count)\r
            Connection: close\r
            \r

            """
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: head + body)), promise: nil)
        finish(context)
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard !isDeaf else { return }
        isDeaf = true
        headTimer?.cancel()
        context.flush()
        // Closing at once while input is unread would reset the connection, and the client would lose the answer.
        context.close(mode: .output, promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.lingering) { bound.value.close(promise: nil) }
    }
}
