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

    public static bool Made(HttpContext context, IEnumerable<string> localHosts)
    {
        if (context.Connection.RemoteIpAddress is not { } remote || !IsLoopback(remote)) return false;
        if (context.Features.Get<RemoteSocket>() is { } socket && (socket.EndPoint is not IPEndPoint ip || !IsLoopback(ip.Address))) return false;
        foreach (var mark in ProxyMarks)
            if (context.Request.Headers.ContainsKey(mark)) return false;
        return IsLocalHost(context.Request.Host.Host, localHosts);
    }

    public static bool IsLoopback(IPAddress address) => IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    /// <summary>Whether a host name means this machine and cannot mean another.</summary>
    public static bool IsLocalHost(string host, IEnumerable<string> localHosts) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host, out var address) && IsLoopback(address))
        || localHosts.Contains(host, StringComparer.OrdinalIgnoreCase);
}
