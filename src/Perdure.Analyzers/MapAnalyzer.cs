using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Operations;

namespace Perdure.Analyzers;

/// <summary>
/// PERD001, for maps that are written down plainly in one <c>Define</c>. What is composed by code is left to <c>Map.Check()</c>, and a part may have open ends.
/// </summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class MapAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc />
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } = ImmutableArray.Create(Rules.Nowhere);

    /// <inheritdoc />
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(start =>
        {
            if (KnownTypes.Find(start.Compilation) is { } known) start.RegisterOperationBlockAction(block => Check(block, known));
        });
    }

    private static void Check(OperationBlockAnalysisContext context, KnownTypes known)
    {
        if (context.OwningSymbol is not IMethodSymbol { Name: "Define", IsOverride: true } define || !KnownTypes.Derives(define.ContainingType, known.Workflow)) return;

        var states = new HashSet<ITypeSymbol>(SymbolEqualityComparer.Default);
        var edges = new List<Edge>();
        foreach (var block in context.OperationBlocks)
            foreach (var operation in block.DescendantsAndSelf())
                if (!Reads(operation, known, states, edges)) return;

        foreach (var edge in edges)
            if (!states.Contains(edge.To))
                context.ReportDiagnostic(Diagnostic.Create(Rules.Nowhere, edge.Where.GetLocation(), edge.From.Name, edge.To.Name));
    }

    /// <summary>False where the map is composed in a way that only running it can tell.</summary>
    private static bool Reads(IOperation operation, KnownTypes known, HashSet<ITypeSymbol> states, List<Edge> edges)
    {
        switch (operation)
        {
            case IPropertyReferenceOperation property:
                return !KnownTypes.Is(property.Type, known.Map);
            case IFieldReferenceOperation field:
                return !KnownTypes.Is(field.Type, known.Map);
            case IInvocationOperation call:
                var method = call.TargetMethod;
                if (KnownTypes.Is(method.ContainingType, known.Map)) return AddsState(method, states);
                if (KnownTypes.Is(method.ContainingType, known.At) || KnownTypes.Is(method.ContainingType, known.GateAt))
                {
                    AddEdges(call, edges);
                    return true;
                }
                return !KnownTypes.Is(method.ReturnType, known.Map);
            default:
                return true;
        }
    }

    private static bool AddsState(IMethodSymbol method, HashSet<ITypeSymbol> states)
    {
        switch (method.Name)
        {
            case "Start":
                states.Add(method.ContainingType.TypeArguments[0]);
                return true;
            case "State" or "Gate" or "End" or "Revoked":
                states.Add(method.TypeArguments[0]);
                return true;
            case "Check" or "ToMermaid":
                return true;
            default:
                return false;
        }
    }

    private static void AddEdges(IInvocationOperation call, List<Edge> edges)
    {
        if (call.TargetMethod.TypeArguments.Length != 1 || call.TargetMethod.TypeArguments[0] is not INamedTypeSymbol { Name: "To" } to) return;
        var where = call.Arguments.Length > 0 ? call.Arguments[0].Value.Syntax : call.Syntax;
        foreach (var target in to.TypeArguments)
            if (target.TypeKind != TypeKind.Error) edges.Add(new(where, call.TargetMethod.ContainingType.TypeArguments[1], target));
    }

    private readonly struct Edge(SyntaxNode where, ITypeSymbol from, ITypeSymbol to)
    {
        public SyntaxNode Where => where;
        public ITypeSymbol From => from;
        public ITypeSymbol To => to;
    }
}
