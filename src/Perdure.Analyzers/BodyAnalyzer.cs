using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.FlowAnalysis;
using Microsoft.CodeAnalysis.Operations;
using Perdure.Analyzers.Bodies;

namespace Perdure.Analyzers;

/// <summary>PERD002 to PERD005: what a body must not do. A body is a method, lambda or local function that takes a visit.</summary>
[DiagnosticAnalyzer(LanguageNames.CSharp)]
public sealed class BodyAnalyzer : DiagnosticAnalyzer
{
    /// <inheritdoc />
    public override ImmutableArray<DiagnosticDescriptor> SupportedDiagnostics { get; } =
        ImmutableArray.Create(Rules.NameTwice, Rules.Clock, Rules.Chance, Rules.Foreign);

    /// <inheritdoc />
    public override void Initialize(AnalysisContext context)
    {
        context.ConfigureGeneratedCodeAnalysis(GeneratedCodeAnalysisFlags.None);
        context.EnableConcurrentExecution();
        context.RegisterCompilationStartAction(start =>
        {
            if (KnownTypes.Find(start.Compilation) is not { } known) return;
            start.RegisterOperationBlockAction(c => CheckMethod(c, known));
            start.RegisterOperationAction(c => CheckFunction(c, known), OperationKind.AnonymousFunction, OperationKind.LocalFunction);
        });
    }

    private static void CheckMethod(OperationBlockAnalysisContext context, KnownTypes known)
    {
        if (context.OwningSymbol is not IMethodSymbol method || !known.IsBody(method)) return;
        foreach (var block in context.OperationBlocks)
            if (block is IBlockOperation body) Check(new(body, known, context.ReportDiagnostic, () => context.GetControlFlowGraph(body)));
    }

    private static void CheckFunction(OperationAnalysisContext context, KnownTypes known)
    {
        switch (context.Operation)
        {
            case IAnonymousFunctionOperation function when known.IsBody(function.Symbol):
                Check(new(function.Body, known, context.ReportDiagnostic, () => Graphs.Of(context.GetControlFlowGraph(), function)));
                break;
            case ILocalFunctionOperation { Body: { } body } function when known.IsBody(function.Symbol):
                Check(new(body, known, context.ReportDiagnostic, () => Graphs.Of(context.GetControlFlowGraph(), function)));
                break;
        }
    }

    private static void Check(Body body)
    {
        Chance.Check(body);
        ForeignAwaits.Check(body);
        JournalNames.Check(body);
    }
}
