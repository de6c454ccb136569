using System.Reflection;
using System.Runtime.Loader;
using Microsoft.Extensions.DependencyInjection;
using Perdure.Simulation;

namespace Perdure.Cli;

/// <summary>
/// An assembly with workflows, with what lies beside it. What the tool has itself, Perdure above all, is the tool's, so that the types are the same.
/// </summary>
internal sealed class UserAssembly : AssemblyLoadContext
{
    private readonly AssemblyDependencyResolver _beside;

    private UserAssembly(string path) : base("workflows") => _beside = new(path);

    /// <summary>Its public types and all others.</summary>
    public IReadOnlyList<Type> Types { get; private set; } = [];

    /// <exception cref="UnusableInput">It cannot be loaded.</exception>
    public static UserAssembly Load(string path)
    {
        path = Path.GetFullPath(path);
        if (!File.Exists(path)) throw new UnusableInput($"{path} does not exist. Build the project, and name its .dll.");
        try
        {
            var context = new UserAssembly(path);
            context.Types = context.LoadFromAssemblyPath(path).GetTypes();
            return context;
        }
        catch (BadImageFormatException)
        {
            throw new UnusableInput($"{path} is not a .NET assembly.");
        }
        catch (ReflectionTypeLoadException e)
        {
            throw new UnusableInput($"{path} cannot be loaded: {e.LoaderExceptions.FirstOrDefault()?.Message ?? e.Message} Build or publish it so that what it needs lies beside it.");
        }
        catch (FileLoadException e)
        {
            throw new UnusableInput($"{path} cannot be loaded: {e.Message}");
        }
    }

    /// <summary>The classes of its workflows.</summary>
    /// <exception cref="UnusableInput">There are none.</exception>
    public IReadOnlyList<Type> Workflows()
    {
        var workflows = Types.Where(t => typeof(IWorkflow).IsAssignableFrom(t) && t is { IsAbstract: false, ContainsGenericParameters: false }).ToList();
        return workflows.Count > 0 ? workflows : throw new UnusableInput("The assembly has no workflow: no class that derives from Workflow<TInput>. Was it built against this version of Perdure?");
    }

    /// <summary>What its public static methods <c>ConfigureServices(IServiceCollection)</c> give.</summary>
    public void Configure(IServiceCollection services)
    {
        foreach (var hook in Statics("ConfigureServices").Where(m => m.GetParameters() is [{ ParameterType: var type }] && type == typeof(IServiceCollection))) hook.Invoke(null, [services]);
    }

    /// <summary>The simulations that its public static methods without parameters and properties return, by name.</summary>
    public IReadOnlyList<(string Name, Func<Simulate> Make)> Simulations() => Returned<Simulate>();

    /// <summary>The stress tests that its public static methods without parameters and properties return, by name.</summary>
    public IReadOnlyList<(string Name, Func<Stress> Make)> Stresses() => Returned<Stress>();

    private IReadOnlyList<(string Name, Func<T> Make)> Returned<T>() =>
        [.. Statics(null).Where(m => m.ReturnType == typeof(T) && m.GetParameters().Length == 0 && !m.ContainsGenericParameters)
            .Select(m => ($"{m.DeclaringType!.Name}.{(m.IsSpecialName ? m.Name[4..] : m.Name)}", (Func<T>)(() => (T)m.Invoke(null, null)!)))];

    private IEnumerable<MethodInfo> Statics(string? name) =>
        Types.Where(t => !t.ContainsGenericParameters && (t.IsPublic || t.IsNestedPublic))
            .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(m => name is null || m.Name == name);

    /// <inheritdoc />
    protected override Assembly? Load(AssemblyName name)
    {
        try
        {
            return Default.LoadFromAssemblyName(name);
        }
        catch (FileNotFoundException)
        {
            return _beside.ResolveAssemblyToPath(name) is { } path ? LoadFromAssemblyPath(path) : null;
        }
    }

    /// <inheritdoc />
    protected override nint LoadUnmanagedDll(string name) => _beside.ResolveUnmanagedDllToPath(name) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
}
