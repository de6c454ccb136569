using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Perdure.Analyzers.Bodies;

/// <summary>
/// PERD002. Operations may repeat a name one after the other: repeats are numbered. Once some have overlapped, a repeated name needs keys. What is decided once
/// under a literal name is not meant to be decided again in the same pass.
/// </summary>
internal static class JournalNames
{
    private const string NeedsKey = "operations overlap here, so give each use a key: visit.Run(step, input, key: …), or use visit.Each";
    private const string NeedsName = "a repeated name stands for another entry, so give each its own name, or keep the value of the first";

    public static void Check(Body body)
    {
        var all = body.Places.Select(place => JournalUse.Of(place, body)).OfType<JournalUse>().ToList();
        if (all.Count == 0) return;
        InSelect(body, all);

        // Each function of the body by itself: how often it is called, and whether at once, is not looked at.
        foreach (var function in all.GroupBy(use => use.Function)) Within(body, function.Key, [.. function.OrderBy(use => use.Position)]);
    }

    private static void Within(Body body, IOperation? function, List<JournalUse> uses)
    {
        var isTwice = uses.Where(use => use.Id.Length > 0).GroupBy(use => use.Id).Any(group => group.Count() > 1);
        var waits = uses.Select(use => use.IsStep ? Waits.For(use, body) : default).ToList();
        if (!isTwice && !waits.Any(wait => wait.LeavesLoop)) return;

        if (isTwice && Graphs.Within(body.Graph(), function) is { } graph) Pairs(body, uses, waits, Order.Of(graph));
        for (var i = 0; i < uses.Count; i++)
            if (waits[i].LeavesLoop && uses[i].Id.Length > 0) body.Report(Rules.NameTwice, uses[i].Call.Syntax, uses[i].Name, NeedsKey);
    }

    private static void Pairs(Body body, List<JournalUse> uses, List<Waits> waits, Order order)
    {
        for (var b = 0; b < uses.Count; b++)
        {
            if (uses[b].Id.Length == 0) continue;
            for (var a = 0; a < b; a++)
            {
                if (uses[a].Id != uses[b].Id || !order.CanFollow(uses[a], uses[b])) continue;
                var both = uses[a].IsStep && uses[b].IsStep;
                if (both && (waits[b].LeavesLoop || !HaveOverlapped(uses, waits, order, b))) continue;
                body.Report(Rules.NameTwice, uses[b].Call.Syntax, uses[b].Name, both ? NeedsKey : NeedsName);
                break;
            }
        }
    }

    /// <summary>Whether some operations run at once when, or before, the use at <paramref name="at"/> is reached.</summary>
    private static bool HaveOverlapped(List<JournalUse> uses, List<Waits> waits, Order order, int at)
    {
        for (var v = 0; v <= at; v++)
        {
            if (!uses[v].IsStep || (v != at && !order.CanFollow(uses[v], uses[at]))) continue;
            if (v != at && uses[v].Overlaps) return true;
            for (var u = 0; u < v; u++)
                if (uses[u].IsStep && uses[v].Position < waits[u].Until && order.CanFollow(uses[u], uses[v])) return true;
        }
        return false;
    }

    /// <summary><c>Task.WhenAll(lines.Select(line => visit.Run(pick, line)))</c>: one name for all of them.</summary>
    private static void InSelect(Body body, List<JournalUse> uses)
    {
        foreach (var use in uses)
        {
            if (!use.IsStep || use.Id.Length == 0 || use.Function is not IAnonymousFunctionOperation lambda) continue;
            IOperation? up = lambda.Parent;
            while (up is IDelegateCreationOperation or IConversionOperation or IArgumentOperation) up = up.Parent;
            if (up is not IInvocationOperation { TargetMethod: { Name: "Select", ContainingNamespace.Name: "Linq" } } select) continue;
            up = select.Parent;
            while (up is IConversionOperation or IArgumentOperation or ISpreadOperation or ICollectionExpressionOperation
                   or IInvocationOperation { TargetMethod: { Name: "ToList" or "ToArray", ContainingNamespace.Name: "Linq" } }) up = up.Parent;
            if (up is IInvocationOperation { TargetMethod: { Name: "WhenAll", ContainingType.Name: "Task" } }) body.Report(Rules.NameTwice, use.Call.Syntax, use.Name, NeedsKey);
        }
    }
}
