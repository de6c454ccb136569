using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace Shop;

/// <summary>Where this process is reached from itself. Known once it listens.</summary>
public sealed class OwnAddress
{
    private readonly TaskCompletionSource<Uri> _known = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public OwnAddress(IServer server, IHostApplicationLifetime life) => life.ApplicationStarted.Register(() =>
    {
        var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        _known.TrySetResult(Local(addresses.FirstOrDefault(a => a.StartsWith("http:", StringComparison.Ordinal)) ?? addresses.First()));
    });

    /// <summary>Awaits the address.</summary>
    public Task<Uri> Get(CancellationToken cancellation) => _known.Task.WaitAsync(cancellation);

    /// <summary>An address that is listened on, as one that can be called.</summary>
    public static Uri Local(string address)
    {
        var binding = BindingAddress.Parse(address);
        // The server takes a name that is no address, other than localhost, for every address; and that name may lead anywhere.
        var every = !binding.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) && (!IPAddress.TryParse(binding.Host, out var ip) || ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any));
        var host = every ? "127.0.0.1" : binding.Host;
        return new($"{binding.Scheme}://{host}:{binding.Port}/");
    }
}
