using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Xunit;

namespace Perdure.Tests;

/// <summary>Compiles code in memory, against Perdure as it stands. <c>[|…|]</c> marks where something must be reported.</summary>
internal static class InMemory
{
    private static readonly ImmutableArray<MetadataReference> References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => (MetadataReference)MetadataReference.CreateFromFile(path))];

    private static readonly SyntaxTree Usings = CSharpSyntaxTree.ParseText("""
        global using System; global using System.Collections.Generic; global using System.Diagnostics; global using System.IO; global using System.Linq;
        global using System.Net.Http; global using System.Threading; global using System.Threading.Tasks; global using Perdure;
        """);

    private static readonly CSharpCompilation Empty = CSharpCompilation.Create("Snippet", [Usings], References,
        new(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, generalDiagnosticOption: ReportDiagnostic.Error,
            specificDiagnosticOptions: [KeyValuePair.Create("CS1998", ReportDiagnostic.Suppress), KeyValuePair.Create("CS0219", ReportDiagnostic.Suppress)]));

    public static CSharpCompilation Compile(string text) => Empty.AddSyntaxTrees(CSharpSyntaxTree.ParseText(text, cancellationToken: TestContext.Current.CancellationToken));

    /// <summary>The compiler's errors, nullable warnings among them, in the order of the text.</summary>
    public static ImmutableArray<Diagnostic> Errors(Compilation compilation) =>
        [.. compilation.GetDiagnostics(TestContext.Current.CancellationToken).Where(d => d.Severity == DiagnosticSeverity.Error).OrderBy(d => d.Location.SourceSpan.Start)];

    /// <summary>Exactly these, exactly there.</summary>
    public static void Says(string id, string marked, Func<string, IEnumerable<Diagnostic>> diagnostics)
    {
        var (text, marks) = Unmark(marked);
        Diagnostic[] found = [.. diagnostics(text).DistinctBy(d => (d.Id, d.Location.SourceSpan))];
        Assert.All(found, d => Assert.Equal(id, d.Id));
        Assert.Equal(marks.Select(mark => text.Substring(mark.Start, mark.Length)), found.Select(d => text.Substring(d.Location.SourceSpan.Start, d.Location.SourceSpan.Length)));
        Assert.Equal(marks.Select(mark => mark.Start), found.Select(d => d.Location.SourceSpan.Start));
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
