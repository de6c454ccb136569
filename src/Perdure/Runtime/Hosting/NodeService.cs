using Microsoft.Extensions.Hosting;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>
/// The node in a host: opens before the host serves, drains when it stops. Where it has lost its lane for good it stops the host, and fails that stop, so that the process ends with an
/// error and whoever supervises it starts a new one; one that stayed up would refuse everything for ever.
/// </summary>
internal sealed class NodeService(Node node, IHostApplicationLifetime? host) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        node.Gone += () => host?.StopApplication();
        return node.Open(new(Environment.MachineName, Environment.ProcessId, CodeBuild.Current), cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => node.Close(node.Options.DrainWithin);
}

/// <summary>Which build of the code this is.</summary>
internal static class CodeBuild
{
    /// <summary>The build of the program.</summary>
    public static string Current { get; } = System.Reflection.Assembly.GetEntryAssembly() is { } entry ? Of(entry) : "unknown";

    /// <summary>The build of the assembly that a type is in: another compilation of other code is another build.</summary>
    public static string Of(Type type) => Of(type.Assembly);

    private static string Of(System.Reflection.Assembly assembly) => assembly.ManifestModule.ModuleVersionId.ToString("N")[..8];
}
