using System.Net;
using Microsoft.AspNetCore.Http;

namespace Perdure.AspNetCore;

/// <summary>
/// Whether a request was made on this machine, by the socket it came on and by nothing that the request says. What a request says can only make it less local:
/// a proxy's marks, or a host name that is not this machine's (a page elsewhere whose name was pointed at loopback).
/// </summary>
internal static class LocalConnection
{
    private static readonly string[] ProxyMarks =
    [
        "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix", "X-Real-IP",
        "X-Original-For", "X-Original-Host", "X-Original-Proto", "X-Original-Prefix",
    ];

    /// <summary>Whether it was made over loopback.</summary>
    public static bool Made(HttpContext context, IEnumerable<string> localHosts) => Made(context, localHosts, own: null);

    /// <summary>Whether it was made over loopback, or from the very address that it came to: no other machine has that.</summary>
    public static bool MadeHere(HttpContext context, IEnumerable<string> localHosts) => Made(context, localHosts, context.Connection.LocalIpAddress);

    private static bool Made(HttpContext context, IEnumerable<string> localHosts, IPAddress? own)
    {
        if (context.Connection.RemoteIpAddress is not { } remote || !IsHere(remote, own)) return false;
        if (context.Features.Get<RemoteSocket>() is { } socket)
        {
            var local = own is null ? null : (socket.Local as IPEndPoint)?.Address;
            if (socket.EndPoint is not IPEndPoint ip || !IsHere(ip.Address, local)) return false;
        }
        foreach (var mark in ProxyMarks)
            if (context.Request.Headers.ContainsKey(mark)) return false;
        var host = context.Request.Host.Host;
        return IsLocalHost(host, localHosts) || (own is not null && IPAddress.TryParse(host, out var named) && Plain(named).Equals(Plain(own)));
    }

    private static bool IsHere(IPAddress remote, IPAddress? own) => IsLoopback(remote) || (own is not null && Plain(remote).Equals(Plain(own)));

    public static bool IsLoopback(IPAddress address) => IPAddress.IsLoopback(Plain(address));

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>Whether a host name means this machine and cannot mean another.</summary>
    public static bool IsLocalHost(string host, IEnumerable<string> localHosts) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IsLoopback(address))
        || localHosts.Contains(host, StringComparer.OrdinalIgnoreCase);
}
