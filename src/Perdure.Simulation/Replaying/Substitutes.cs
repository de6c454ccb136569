using System.Reflection;
using System.Runtime.CompilerServices;

namespace Perdure.Simulation.Replaying;

/// <summary>
/// Makes workflows to be looked at and replayed. What a constructor takes comes from the services that were given; an operation is only a handle, so where something that it takes is missing
/// it is made without its constructor; anything else is made where it can be, and is otherwise a substitute that refuses to be used.
/// </summary>
internal sealed class Substitutes(IServiceProvider services)
{
    private readonly Dictionary<Type, object> _made = [];

    /// <summary>The operations that the workflows made so far take.</summary>
    public IEnumerable<IStep> Steps => _made.Values.OfType<IStep>();

    /// <summary>Everything made so far, by its class.</summary>
    public IReadOnlyDictionary<Type, object> Made => _made;

    /// <summary>A workflow, part or operation.</summary>
    public object Make(Type type)
    {
        if (_made.TryGetValue(type, out var made)) return made;
        return _made[type] = typeof(IStep).IsAssignableFrom(type) ? Handle(type) : Constructed(type, [type]);
    }

    private object Handle(Type type)
    {
        var constructor = Constructor(type);
        if (constructor is null) return RuntimeHelpers.GetUninitializedObject(type);
        var arguments = constructor.GetParameters().Select(p => services.GetService(p.ParameterType)).ToArray();
        return arguments.Any(a => a is null) ? RuntimeHelpers.GetUninitializedObject(type) : constructor.Invoke(arguments);
    }

    private object Constructed(Type type, HashSet<Type> path)
    {
        var constructor = Constructor(type) ?? throw new InvalidOperationException($"{type} has no public constructor.");
        try
        {
            return constructor.Invoke([.. constructor.GetParameters().Select(p => Argument(p, path))]);
        }
        catch (TargetInvocationException e)
        {
            throw new InvalidOperationException($"{type} cannot be made: {e.InnerException!.Message}", e.InnerException);
        }
    }

    private object? Argument(ParameterInfo parameter, HashSet<Type> path)
    {
        var type = parameter.ParameterType;
        if (services.GetService(type) is { } given) return given;
        if (type is { IsClass: true, IsAbstract: false } && (typeof(IStep).IsAssignableFrom(type) || typeof(IWorkflow).IsAssignableFrom(type))) return Make(type);
        if (parameter.HasDefaultValue) return parameter.DefaultValue;
        if (type.IsInterface) return Substitute(type);
        if (type.IsValueType) return Activator.CreateInstance(type);
        if (type == typeof(string) || type.IsAbstract || !path.Add(type) || Constructor(type) is null) return null;
        var made = Constructed(type, path);
        path.Remove(type);
        return made;
    }

    private static ConstructorInfo? Constructor(Type type) => type.GetConstructors().MaxBy(c => c.GetParameters().Length);

    private static object Substitute(Type type)
    {
        var substitute = DispatchProxy.Create(type, typeof(Refusing));
        ((Refusing)substitute).Of = type;
        return substitute;
    }

    /// <summary>Stands in the place of a service that nobody gave.</summary>
    internal class Refusing : DispatchProxy
    {
        public Type Of { get; set; } = typeof(object);

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            throw new InvalidOperationException($"{Of.Name}.{targetMethod?.Name} was called, and nothing was given for {Of.Name}. Give it in a public static method ConfigureServices(IServiceCollection).");
    }
}
