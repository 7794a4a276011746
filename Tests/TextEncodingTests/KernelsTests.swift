import CEncoderKernels
import EncoderKernelChecks
import Foundation
import Testing

@testable import TextEncoding

@Suite("Kernels")
struct KernelsTests {
    /// The levels that this processor can run, and the source of the widest one compiled for narrower registers.
    private static var levels: [EncoderLevel] {
        var levels: [EncoderLevel] = []
        while let level = encoder_level(levels.count) { levels.append(level.pointee) }
        if let wide = wide_encoder_level() { levels.append(wide.pointee) }
        return levels
    }

    @Test("Each level agrees with double precision, and a row's result depends on no other row")
    func accuracy() {
        #expect(Self.levels.contains { String(cString: $0.name) == "portable" })
        for var level in Self.levels {
            var message = [CChar](repeating: 0, count: 2048)
            let failures = check_encoder_level(&level, &message, message.count)
            let text = String(
                decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            #expect(failures == 0, "\(text)")
        }
    }

    @Test("All levels that round a·b + c once give the same bits")
    func sameBits() {
        let digests = Self.levels.filter { String(cString: $0.name) != "portable" }.map { level in
            withUnsafePointer(to: level) { encoder_level_digest($0) }
        }
        #expect(Set(digests).count <= 1)
    }

    @Test("The encoder uses the first level that the processor can run")
    func fastest() throws {
        let first = try #require(Self.levels.first)
        #expect(SentenceEncoder.kernels == String(cString: first.name))
    }

    @Test("The backward pass's exponential is accurate within its limits")
    func exponential() {
        for start in stride(from: Float(-86), to: 87, by: 0.37) {
            let x = Kernels.Lanes(start, start + 0.01, start + 0.1, start + 0.2, start + 0.3, 0, -0.5, 1)
            let y = Kernels.exp(x)
            for lane in 0..<8 {
                #expect(abs(Double(y[lane]) / Foundation.exp(Double(x[lane])) - 1) <= 3e-7, "x = \(x[lane])")
            }
        }
        let far = Kernels.exp(Kernels.Lanes(repeating: -1e30))
        #expect(far[0] > 0 && far[0] < 1e-37)
        #expect(Kernels.exp(Kernels.Lanes(repeating: 1e30))[0].isFinite)
    }
}
