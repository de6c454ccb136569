using Microsoft.Extensions.Hosting;
using Perdure.Ports;

namespace Perdure.Runtime;

/// <summary>The node in a host: opens before the host serves, drains when it stops.</summary>
internal sealed class NodeService(Node node) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        node.Open(new(Environment.MachineName, Environment.ProcessId, CodeBuild.Current), cancellationToken);

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
