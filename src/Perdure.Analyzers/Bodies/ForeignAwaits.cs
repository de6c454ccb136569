using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Operations;

namespace Perdure.Analyzers.Bodies;

/// <summary>PERD005: waiting for what the visit knows nothing of.</summary>
internal static class ForeignAwaits
{
    private const string IntoOperation = "do it in an operation and call it by visit.Run, so that its outcome is journaled";

    public static void Check(Body body)
    {
        foreach (var place in body.Places)
            switch (place.Operation)
            {
                case IInvocationOperation call when Advice(call.TargetMethod) is { } advice:
                    body.Report(Rules.Foreign, call.Syntax, Shown(call.TargetMethod), advice);
                    break;
                case IInvocationOperation { Instance: { } task } call when Blocks(call) && !IsDone(body, task, call):
                    body.Report(Rules.Foreign, call.Syntax, Shown(call.TargetMethod), Blocking);
                    break;
                case IPropertyReferenceOperation { Property.Name: "Result", Instance: { } task } property when IsTask(property.Property.ContainingType) && !IsDone(body, task, property):
                    body.Report(Rules.Foreign, property.Syntax, $"{property.Property.ContainingType.Name}.Result", Blocking);
                    break;
                case IAwaitOperation { Operation: { } operand } when new Search(body).Foreign(operand) is { } foreign:
                    body.Report(Rules.Foreign, operand.Syntax, foreign, IntoOperation);
                    break;
                case IForEachLoopOperation { IsAsynchronous: true } loop:
                    body.Report(Rules.Foreign, loop.Collection.Syntax, "An asynchronous sequence", IntoOperation);
                    break;
            }
    }

    private const string Blocking = "it blocks the thread that would complete it, for ever; await it";

    private static bool Blocks(IInvocationOperation call) => call.TargetMethod.Name switch
    {
        "Wait" => IsTask(call.TargetMethod.ContainingType),
        "GetResult" => call.TargetMethod.ContainingType is { Name: "TaskAwaiter" or "ValueTaskAwaiter" or "ConfiguredTaskAwaiter" or "ConfiguredValueTaskAwaiter" },
        _ => false,
    };

    private static bool IsTask(ITypeSymbol type) => type is { Name: "Task" or "ValueTask", ContainingNamespace: { Name: "Tasks" } };

    /// <summary>Whether the task was awaited further up in the text, so that there is nothing to wait for; of what no local holds, it was not.</summary>
    private static bool IsDone(Body body, IOperation task, IOperation at)
    {
        while (task is IInvocationOperation { Instance: { } inner, TargetMethod.Name: "GetAwaiter" or "ConfigureAwait" or "AsTask" }) task = inner;
        if (task is IInvocationOperation call) return !body.IsVisitCall(call);
        return task is not ILocalReferenceOperation local || body.Places.Any(place => place.Operation is IAwaitOperation wait && wait.Syntax.Span.End <= at.Syntax.SpanStart
            && wait.Descendants().OfType<ILocalReferenceOperation>().Any(awaited => SymbolEqualityComparer.Default.Equals(awaited.Local, local.Local)));
    }

    /// <summary>What to do instead of a call that a body never makes; null for every other call.</summary>
    private static string? Advice(IMethodSymbol method) => (method.ContainingType?.ToDisplayString(), method.Name) switch
    {
        ("System.Threading.Tasks.Task", "WhenAny" or "WaitAny" or "WhenEach") => "who comes first differs when the body runs again; use visit.Race, which is journaled",
        ("System.Threading.Tasks.Task", "Delay") => "use visit.Sleep, which lasts through a restart",
        ("System.Threading.Tasks.Task", "Run" or "Yield") => IntoOperation,
        ("System.Threading.Tasks.TaskFactory", "StartNew") => IntoOperation,
        ("System.Threading.Tasks.Task", "WaitAll") => "use await Task.WhenAll",
        ("System.Threading.Tasks.Parallel", _) => "use visit.Each",
        ("System.Threading.Thread", "Sleep") => "use visit.Sleep, which lasts through a restart",
        _ => null,
    };

    private static string Shown(IMethodSymbol method) => $"{method.ContainingType.Name}.{method.Name}";

    /// <summary>Follows what is awaited to where it comes from.</summary>
    private sealed class Search(Body body)
    {
        private readonly HashSet<ILocalSymbol> _seen = new(SymbolEqualityComparer.Default);

        /// <summary>What is foreign in it, for people; null where it comes from the visit, or where that cannot be told.</summary>
        public string? Foreign(IOperation? operation) => operation switch
        {
            null => null,
            IParenthesizedOperation inner => Foreign(inner.Operand),
            IConversionOperation inner => Foreign(inner.Operand),
            IConditionalOperation choice => Foreign(choice.WhenTrue) ?? Foreign(choice.WhenFalse),
            ICoalesceOperation choice => Foreign(choice.Value) ?? Foreign(choice.WhenNull),
            ISwitchExpressionOperation choice => choice.Arms.Select(arm => Foreign(arm.Value)).FirstOrDefault(found => found is not null),
            ILocalReferenceOperation local => OfLocal(local.Local),
            IInvocationOperation { TargetMethod.ContainingNamespace.Name: "Linq", Type: INamedTypeSymbol { Name: "IEnumerable" or "List" } or IArrayTypeSymbol } many => OfMany(many),
            IInvocationOperation call => OfCall(call),
            IPropertyReferenceOperation property => IsOwn(property.Instance, property.Property) && property.Property.Name != "CompletedTask" ? property.Property.Name : null,
            IFieldReferenceOperation field => IsOwn(field.Instance, field.Field) ? field.Field.Name : null,
            _ => null,
        };

        private static bool IsOwn(IOperation? instance, ISymbol member) => member.IsStatic || instance is IInstanceReferenceOperation;

        private string? OfCall(IInvocationOperation call)
        {
            var method = call.TargetMethod;
            if (body.IsVisitCall(call) || Advice(method) is not null) return null;
            var isTask = KnownTypes.Derives(method.ContainingType, body.Known.Task) || method.ContainingType is { Name: "ValueTask" or "TaskExtensions" };
            if (isTask)
                switch (method.Name)
                {
                    case "WhenAll":
                        return call.Arguments.Select(argument => OfMany(argument.Value)).FirstOrDefault(found => found is not null);
                    case "ConfigureAwait" or "AsTask" or "Unwrap":
                        return Foreign(call.Instance ?? call.Arguments[0].Value);
                    case "FromResult" or "FromException" or "FromCanceled":
                        return null;
                }
            if (call.Arguments.Any(argument => body.Known.IsVisit(argument.Value.Type) || argument.Value is IConversionOperation { Operand: var operand } && body.Known.IsVisit(operand.Type))) return null;
            if (method.MethodKind is MethodKind.LocalFunction) return null;                                    // its own awaits are looked at
            if (method.MethodKind is MethodKind.DelegateInvoke) return call.Instance is IFieldReferenceOperation or IPropertyReferenceOperation ? Shown(method) : null;
            if (method.OriginalDefinition.ReturnType.TypeKind is TypeKind.TypeParameter) return null;          // taken out of a collection
            return Shown(method);
        }

        /// <summary>The same for a collection of tasks.</summary>
        private string? OfMany(IOperation? operation) => operation switch
        {
            null => null,
            IConversionOperation inner => OfMany(inner.Operand),
            IArrayCreationOperation { Initializer: { } initializer } => First(initializer.ElementValues),
            ICollectionExpressionOperation collection => First(collection.Elements),
            ISpreadOperation spread => OfMany(spread.Operand),
            IInvocationOperation { TargetMethod: { Name: "Select", ContainingNamespace.Name: "Linq" } } select =>
                select.Arguments.Select(argument => OfLambda(argument.Value)).FirstOrDefault(found => found is not null),
            IInvocationOperation { TargetMethod: { Name: "ToList" or "ToArray", ContainingNamespace.Name: "Linq" } } all => OfMany(all.Arguments[0].Value),
            IInvocationOperation call when call.Type is INamedTypeSymbol { Name: "IEnumerable" } or IArrayTypeSymbol => null,
            _ => Foreign(operation),
        };

        private string? First(IEnumerable<IOperation> operations) =>
            operations.Select(element => element is ISpreadOperation ? OfMany(element) : Foreign(element)).FirstOrDefault(found => found is not null);

        private string? OfLambda(IOperation operation)
        {
            while (operation is IDelegateCreationOperation or IConversionOperation)
                operation = operation is IDelegateCreationOperation creation ? creation.Target : ((IConversionOperation)operation).Operand;
            if (operation is not IAnonymousFunctionOperation { Symbol.IsAsync: false } lambda) return null;   // the awaits of an async one are looked at
            return lambda.Body.Descendants().OfType<IReturnOperation>().Select(r => Foreign(r.ReturnedValue)).FirstOrDefault(found => found is not null);
        }

        private string? OfLocal(ILocalSymbol local)
        {
            if (!_seen.Add(local)) return null;
            foreach (var place in body.Places)
            {
                var value = place.Operation switch
                {
                    IVariableDeclaratorOperation declared when SymbolEqualityComparer.Default.Equals(declared.Symbol, local) => declared.GetVariableInitializer()?.Value,
                    ISimpleAssignmentOperation { Target: ILocalReferenceOperation target } assigned when SymbolEqualityComparer.Default.Equals(target.Local, local) => assigned.Value,
                    _ => null,
                };
                if (Foreign(value) is { } found) return found;
            }
            return null;
        }
    }
}
