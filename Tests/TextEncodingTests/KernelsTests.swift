import Foundation
import Testing

@testable import TextEncoding

@Suite("Kernels")
struct KernelsTests {
    private let points: [Float] = (0...20_001).map { Float($0) / 1000 - 10 }

    @Test("GELU is accurate near zero and in both tails")
    func gelu() {
        var values = points
        values.withUnsafeMutableBufferPointer {
            if let base = $0.baseAddress { Kernels.gelu(base, count: $0.count) }
        }
        var absolute = 0.0
        var relative = 0.0
        for (x, y) in zip(points, values) {
            let exact = Double(x) * 0.5 * erfc(-Double(x) / 2.0.squareRoot())
            absolute = max(absolute, abs(Double(y) - exact) / max(1, abs(Double(x))))
            // The exponent x²/2 is rounded, which affects the relative error in the far tail only.
            if exact != 0 { relative = max(relative, abs(Double(y) / exact - 1) / (1 + Double(x * x) / 2)) }
        }
        #expect(absolute <= 2e-7)
        #expect(relative <= 1e-6)
    }

    @Test("The exponential is accurate within its limits")
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

    @Test(
        "Softmax and sums are right at lengths with and without a tail",
        arguments: [1, 3, 7, 8, 9, 16, 31, 256])
    func softmax(count: Int) {
        let input = (0..<count).map { Float(($0 * 37) % 23) - 40 }
        var values = input
        let sum = values.withUnsafeMutableBufferPointer { buffer -> Float in
            guard let base = buffer.baseAddress else { return 0 }
            Kernels.softmax(base, count: count)
            return Kernels.sum(base, count: count)
        }
        #expect(abs(sum - 1) <= 1e-6)
        let peak = input.max() ?? 0
        let total = input.reduce(0.0) { $0 + exp(Double($1 - peak)) }
        for (x, y) in zip(input, values) { #expect(abs(Double(y) - exp(Double(x - peak)) / total) <= 1e-6) }
    }
}
