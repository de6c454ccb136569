namespace Perdure.Simulation.Operations;

/// <summary>An operation that something stands in for: only its policies are asked for, so that what its constructor takes and nobody gave is not missed.</summary>
internal static class OperationHandle
{
    public static object Of(Type type, IServiceProvider services)
    {
        var constructor = type.GetConstructors().MaxBy(c => c.GetParameters().Length) ?? throw new InvalidOperationException($"{type} has no public constructor.");
        return constructor.Invoke([.. constructor.GetParameters().Select(p => services.GetService(p.ParameterType))]);
    }
}
