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
    /// <summary>The entry assembly's name and module version, shortened: another compilation is another build.</summary>
    public static string Current { get; } = System.Reflection.Assembly.GetEntryAssembly() is { } entry
        ? $"{entry.GetName().Name}/{entry.ManifestModule.ModuleVersionId.ToString("N")[..8]}" : "unknown";
}
