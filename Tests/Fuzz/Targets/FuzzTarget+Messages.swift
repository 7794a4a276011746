import Dispatch
import NIOCore
import NIOEmbedded
import Synchronization

@testable import Varlink

extension FuzzTarget {
    /// Varlink messages: one call or reply, without its NUL.
    static let varlink = FuzzTarget(name: "varlink") { bytes in
        let frame = ByteBuffer(bytes: bytes)
        _ = Message.reply(frame)
        guard let call = Message.call(frame) else { return }
        precondition(!call.method.isEmpty && !(call.more && call.oneway))
        // The decoder must accept what the scanner has accepted.
        do {
            _ = try Message.decode(Anything.self, from: call.parameters)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    /// An object whose members are ignored.
    private struct Anything: Decodable {
        init(from decoder: any Decoder) throws { _ = try decoder.container(keyedBy: Key.self) }
        private enum Key: CodingKey { case none }
    }

    /// Varlink framing: however a stream is divided into reads, its messages are what is between the NULs.
    ///
    /// The first byte is the size of the reads.
    static let frames = FuzzTarget(name: "frames") { bytes in
        guard let step = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let limit = 64
        let channel = EmbeddedChannel()
        let queue = FrameQueue(capacity: .max)
        let handler = FrameHandler(queue: queue, limits: FrameLimits(length: limit), violated: { _ in })
        guard (try? channel.pipeline.syncOperations.addHandler(handler)) != nil else {
            preconditionFailure("the handler could not be added")
        }
        var place = 0
        while place < stream.count {
            let end = min(stream.count, place + Int(step) + 1)
            channel.pipeline.fireChannelRead(ByteBuffer(bytes: stream[place..<end]))
            place = end
        }
        let expected = stream.split(separator: 0, omittingEmptySubsequences: false).dropLast()
            .prefix { $0.count <= limit }
        precondition(queue.drain().map { Array($0.bytes.readableBytesView) } == expected.map(Array.init))
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }
}

extension FrameQueue {
    private final class Collector: Sendable {
        let frames = Mutex<[Frame]>([])
        let isDone = DispatchSemaphore(value: 0)
    }

    /// All frames of a finished stream.
    ///
    /// Blocks: never call it from a task.
    fileprivate func drain() -> [Frame] {
        finish()
        let collector = Collector()
        Task {
            while let frame = await next(resumeReading: {}) { collector.frames.withLock { $0.append(frame) } }
            collector.isDone.signal()
        }
        collector.isDone.wait()
        return collector.frames.withLock { $0 }
    }
}
