package countertop;

import java.io.IOException;
import java.net.ServerSocket;
import org.jpos.iso.ISOException;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.ISOPackager;
import org.jpos.iso.channel.NACChannel;

/** jPOS's channel with a two-byte length; TPDU and application header are its header of eleven bytes. */
public class Line extends NACChannel {
    public Line() {}

    Line(String host, int port, ISOPackager packager) {
        super(host, port, packager, UnionPay.HEADER);
    }

    Line(ISOPackager packager, ServerSocket socket) throws IOException {
        super(packager, UnionPay.HEADER, socket);
    }

    @Override
    protected int getHeaderLength() {
        return UnionPay.HEADER.length;
    }

    @Override
    protected void sendMessageHeader(ISOMsg message, int length) throws IOException {
        byte[] header = message.getHeader();
        serverOut.write(header == null ? UnionPay.HEADER : header);
    }

    /** The header of an answer: destination and source of the TPDU change places. */
    static byte[] answered(byte[] header) throws ISOException {
        byte[] back = header.clone();
        System.arraycopy(header, 1, back, 3, 2);
        System.arraycopy(header, 3, back, 1, 2);
        return back;
    }
}
