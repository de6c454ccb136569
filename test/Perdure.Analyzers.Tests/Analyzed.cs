using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Xunit;

namespace Perdure.Analyzers.Tests;

/// <summary>Compiles code in memory and holds what the analyzers say against the marks in it: <c>[|…|]</c> where something must be reported.</summary>
internal static class Analyzed
{
    private static readonly ImmutableArray<MetadataReference> References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => (MetadataReference)MetadataReference.CreateFromFile(path))];

    private static readonly SyntaxTree Usings = CSharpSyntaxTree.ParseText("""
        global using System; global using System.Collections.Generic; global using System.Diagnostics; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks; global using Perdure;
        """);

    private static readonly CSharpCompilation Empty = CSharpCompilation.Create("Shop", [Usings], References,
        new(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));

    /// <summary>All of these, where the marks are, and nothing else.</summary>
    public static async Task Says(string id, string code, string message = "")
    {
        var (text, marks) = Unmark(code);
        var found = await Diagnostics(text);
        Assert.All(found, d => Assert.Equal(id, d.Id));
        Assert.Equal(marks.Select(mark => text.Substring(mark.Start, mark.Length)), found.Select(d => text.Substring(d.Location.SourceSpan.Start, d.Location.SourceSpan.Length)));
        Assert.Equal(marks.Select(mark => mark.Start), found.Select(d => d.Location.SourceSpan.Start));
        if (message.Length > 0) Assert.All(found, d => Assert.Contains(message, d.GetMessage(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal));
    }

    /// <summary>Nothing at all.</summary>
    public static async Task Accepts(string code) => Assert.Empty(await Diagnostics(code));

    private static async Task<ImmutableArray<Diagnostic>> Diagnostics(string code)
    {
        var compilation = Empty.AddSyntaxTrees(CSharpSyntaxTree.ParseText(code, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Empty(compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error));
        var analyzed = compilation.WithAnalyzers([new MapAnalyzer(), new BodyAnalyzer()], new CompilationWithAnalyzersOptions(
            new([]), onAnalyzerException: (e, _, _) => throw new InvalidOperationException("An analyzer threw.", e), concurrentAnalysis: false, logAnalyzerExecutionTime: false));
        var found = await analyzed.GetAnalyzerDiagnosticsAsync(TestContext.Current.CancellationToken);
        return [.. found.OrderBy(d => d.Location.SourceSpan.Start)];
    }

    private static (string Text, List<(int Start, int Length)> Marks) Unmark(string code)
    {
        List<(int, int)> marks = [];
        while (code.IndexOf("[|", StringComparison.Ordinal) is var start and >= 0)
        {
            code = code.Remove(start, 2);
            var end = code.IndexOf("|]", StringComparison.Ordinal);
            code = code.Remove(end, 2);
            marks.Add((start, end - start));
        }
        return (code, marks);
    }
}

/// <summary>Pieces of code that the snippets stand in.</summary>
internal static class Code
{
    public const string Domain = """
        public sealed record Order(string Id, List<string> Lines, decimal Total);
        public sealed record Held(string Hold);
        public sealed record Done(string Id);
        public sealed record Gone(string Why);
        public sealed record Parcel(string Sku);
        public sealed class Reserve : Operation<string, Parcel>
        {
            public override async Task<Parcel> Run(string input, Attempt attempt) { await Task.Delay(1); return new(DateTime.UtcNow.ToString()); }
            public override Task Undo(string input, Parcel? output, Attempt attempt) => Task.CompletedTask;
        }
        public sealed class Pick : Irreversible<string, Parcel> { public override Task<Parcel> Run(string input, Attempt attempt) => throw new NotSupportedException(); }
        """;

    /// <summary>A workflow with one body of those statements; the usual things are at hand.</summary>
    public static string Body(string statements, string members = "") => $$"""
        {{Domain}}
        public sealed class Flow(Reserve reserve, Pick pick, HttpClient http, TimeProvider time, Random dice) : Workflow<Order>("flow", 1)
        {
            protected override Map<Order> Define(Map<Order> map) => map.Start().Runs(Go).End<Done>().Revoked<Gone>();
            public async Task<To<Done, Gone>> Go(IVisit<Order> visit, Order order)
            {
                {{statements}}
                await visit.Sleep(1.Seconds);
                return new Done(order.Id);
            }
            {{members}}
            public override string ToString() => $"{reserve} {pick} {http} {time} {dice}";
        }
        """;
}
