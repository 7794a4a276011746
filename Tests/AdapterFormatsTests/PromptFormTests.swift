import AdapterFormats
import ErrorModel
import Foundation
import TestSupport
import Testing

@Suite("PromptForm")
struct PromptFormTests {
    @Test func `labels and text stand where the placeholders stood, in either order`() throws {
        let form = try PromptForm(
            prompt: "Intents: {labels}.\nUtterance: {text}\nIntent:", answer: " {answer}\n")
        #expect(form.prompt(labels: ["a", "b c"], text: "hi") == "Intents: a, b c.\nUtterance: hi\nIntent:")
        #expect(form.answer(naming: "b c") == " b c\n")
        let turned = try PromptForm(prompt: "{text}|{labels}", answer: "{answer}")
        #expect(turned.prompt(labels: ["x"], text: "t") == "t|x" && turned.answer(naming: "x") == "x")
    }

    @Test func `the metadata holds both texts as they are`() throws {
        let form = try PromptForm(prompt: "{labels}:\t{text}\n", answer: " {answer}\n")
        #expect(
            form.metadata == [
                "sglorad.prompt.form": "{labels}:\t{text}\n", "sglorad.prompt.answer": " {answer}\n",
            ])
    }

    @Test func `what is put in is not searched for placeholders`() throws {
        let form = try PromptForm(prompt: "{labels};{text}", answer: "{answer}.")
        #expect(form.prompt(labels: ["{text}"], text: "{labels} {answer}") == "{text};{labels} {answer}")
        let turned = try PromptForm(prompt: "{text};{labels}", answer: "{answer}.")
        #expect(turned.prompt(labels: ["{text}"], text: "{labels}") == "{labels};{text}")
        #expect(form.answer(naming: "{answer}") == "{answer}.")
    }

    @Test(arguments: [
        ("", "{answer}"), ("{labels}", "{answer}"), ("{text}", "{answer}"),
        ("{labels}{text}{text}", "{answer}"),
        ("{labels}{text}{answer}", "{answer}"), ("{labels}{text}", ""), ("{labels}{text}", "x"),
        ("{labels}{text}", "{answer}{answer}"), ("{labels}{text}", "{answer}{text}"),
        ("{labels}{text}\u{0}", "{answer}"), ("{labels}{text}", "{answer}\r"),
        ("{labels}{text}" + String(repeating: "x", count: 4096), "{answer}"),
        ("{labels}{text}", "{answer}" + String(repeating: "x", count: 256)),
    ])
    func `a form that asks nothing, or is no text, is refused`(prompt: String, answer: String) throws {
        let error = refusal(.invalidRequest) { try PromptForm(prompt: prompt, answer: answer) }
        #expect(error?.parameters["field"] == .string("prompt"))
        let stored = try JSONEncoder().encode(["prompt": prompt, "answer": answer])
        #expect(throws: (any Error).self) { try JSONDecoder().decode(PromptForm.self, from: stored) }
    }

    @Test func `it is stored and read again`() throws {
        let form = try PromptForm(prompt: "{labels}\n{text}\t:", answer: " {answer}\n")
        #expect(try JSONDecoder().decode(PromptForm.self, from: JSONEncoder().encode(form)) == form)
    }
}
