package countertop;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jpos.iso.ISOBasePackager;
import org.jpos.iso.ISOMsg;
import org.jpos.iso.ISOUtil;
import org.jpos.iso.packager.ISO87APackager;
import org.jpos.iso.packager.ISO87BPackager;
import org.jpos.iso.packager.ISO93APackager;
import org.jpos.iso.packager.ISO93BPackager;

/**
 * jPOS's packagers as a filter. A line in: {@code DIALECT TAB encode TAB MTI TAB 2=s:text TAB 52=b:hex …} or
 * {@code DIALECT TAB decode TAB hex}; text is in hexadecimal of UTF-8 too. A line out: hexadecimal, the elements, or
 * {@code error TAB what}.
 */
public final class Codec {
    public static void main(String[] arguments) throws Exception {
        Map<String, ISOBasePackager> packagers = new HashMap<>();
        packagers.put("iso87-ascii", new ISO87APackager());
        packagers.put("iso87-binary", new ISO87BPackager());
        packagers.put("iso93-ascii", new ISO93APackager());
        packagers.put("iso93-binary", new ISO93BPackager());
        packagers.put("unionpay-pos", UnionPay.packager());
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = input.readLine(); line != null; line = input.readLine()) output.println(answer(packagers, line));
    }

    private static String answer(Map<String, ISOBasePackager> packagers, String line) {
        String[] words = line.split("\t", -1);
        try {
            ISOMsg message = new ISOMsg();
            message.setPackager(packagers.get(words[0]));
            if (words[1].equals("encode")) {
                message.setMTI(words[2]);
                for (int i = 3; i < words.length; i++) {
                    int equals = words[i].indexOf('=');
                    int element = Integer.parseInt(words[i].substring(0, equals));
                    byte[] value = ISOUtil.hex2byte(words[i].substring(equals + 3));
                    if (words[i].charAt(equals + 1) == 'b') message.set(element, value);
                    else message.set(element, new String(value, StandardCharsets.UTF_8));
                }
                return ISOUtil.hexString(message.pack());
            }
            byte[] wire = ISOUtil.hex2byte(words[2]);
            int used = message.unpack(wire);
            if (used != wire.length) return "error\ttrailing";
            StringBuilder text = new StringBuilder(message.getMTI());
            for (int element = 2; element <= 192; element++) {
                if (!message.hasField(element)) continue;
                Object value = message.getValue(element);
                text.append('\t').append(element).append('=');
                if (value instanceof byte[]) text.append("b:").append(ISOUtil.hexString((byte[]) value));
                else text.append("s:").append(ISOUtil.hexString(value.toString().getBytes(StandardCharsets.UTF_8)));
            }
            return text.toString();
        } catch (Exception error) {
            return "error\t" + error.getClass().getSimpleName();
        }
    }
}
