using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Perdure.AspNetCore;

/// <summary>An address that others can reach, while nobody could be told apart.</summary>
public sealed class OpenToAllException(string address) : PerdureException("access.open",
    $"Refusing to listen on {address}: no API keys are configured, and that address can be reached from other machines. "
    + "Configure Perdure:ApiKeys (name, hash, roles), or listen on http://localhost:PORT.");

/// <summary>
/// Refuses to start where other machines could connect and no keys are configured: before anything listens, as far as the configuration says it, and after the server
/// has bound, by what it really listens on. In between the fallback policy denies such connections.
/// </summary>
internal sealed class BindingCheck(KeyRing keys, IConfiguration configuration, IServer server) : IHostedLifecycleService
{
    public Task StartingAsync(CancellationToken cancellationToken)
    {
        if (!keys.IsEmpty) return Task.CompletedTask;
        foreach (var address in Configured()) Refuse(address);
        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (!keys.IsEmpty) return Task.CompletedTask;
        foreach (var address in server.Features.Get<IServerAddressesFeature>()?.Addresses ?? []) Refuse(address);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private IEnumerable<string> Configured()
    {
        var endpoints = configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(e => e["Url"]).OfType<string>().ToList();
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        var urls = (configuration["urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        // Ports without a host mean every address; urls take precedence over them, and endpoints over both.
        var ports = (configuration["http_ports"] + ";" + configuration["https_ports"]).Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (endpoints.Count > 0) return endpoints;
        if (addresses.Count > 0) return addresses;
        return urls.Length > 0 ? urls : ports.Select(port => "http://*:" + port);
    }

    private static void Refuse(string address)
    {
        BindingAddress parsed;
        try
        {
            parsed = BindingAddress.Parse(address);
        }
        catch (FormatException)
        {
            return; // The server says itself what is wrong with it.
        }
        var host = parsed.Host.Trim('[', ']');
        if (parsed.IsUnixPipe || parsed.IsNamedPipe) return;
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return;
        if (IPAddress.TryParse(host, out var ip) && LocalConnection.IsLoopback(ip)) return;
        throw new OpenToAllException(address);
    }
}
